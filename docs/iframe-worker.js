// Search from the disk: a browser starts no worker from a file, so the search's script runs in a
// hidden frame instead. (The theme fetches such a stand-in from a server unless one of this name is there.)
if (location.protocol === "file:") {
  window.Worker = class {
    onmessage = null;
    onerror = null;
    #frame = document.createElement("iframe");
    #loaded;

    constructor(url) {
      this.#frame.hidden = true;
      this.#frame.srcdoc = `<script src="${new URL(url, location.href).href}"></script>`;
      this.#loaded = new Promise((loaded) => this.#frame.addEventListener("load", loaded)).then(() => {
        const script = this.#frame.contentWindow;
        script.postMessage = (data) => setTimeout(() => this.onmessage?.({ data }));
        return script;
      });
      document.body.append(this.#frame);
    }

    postMessage(data) {
      this.#loaded
        .then((script) => script.onmessage({ data }))
        .catch((error) => this.onerror?.({ message: String(error), preventDefault() {} }));
    }

    terminate() {
      this.#frame.remove();
    }
  };
}
