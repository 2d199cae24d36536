# %% [markdown]
# # One session, step by step
# Two virtual pods do eight hip thrusts; the same lines work with real ones.

# %%
import tempfile

import matplotlib
import numpy as np

import glutesym

matplotlib.use("Agg")  # leave this out in a notebook
from matplotlib import pyplot as plt

folder = tempfile.mkdtemp()  # "sessions" for your own
session = glutesym.record(virtual="hip-thrust", reps=8, seed=4, folder=folder)
print(session.sentence)

# %% [markdown]
# ## The samples
# EMG as it was measured, unfiltered, on one time line for both sides.

# %%
figure, axes = plt.subplots(2, sharex=True, sharey=True)
for axis, side in zip(axes, ("left", "right"), strict=True):
    emg = session.emg(side)
    axis.plot(emg.time_s, emg.uv - np.nanmedian(emg.uv), linewidth=0.3)
    axis.set_ylabel(f"{side} (µV)")
axes[1].set_xlabel("session time (s)")
figure.savefig(f"{folder}/emg.png")

# %% [markdown]
# ## The repetitions
# A row each; `reason` says why something is withheld.

# %%
print(session.reps.select("rep", "symmetry_index_pct", "lag_ms", "quality", "reason"))

# %% [markdown]
# ## Another question
# What if only the first half counted?

# %%
half = session.reps.head(session.reps.height // 2)
first_half = glutesym.asymmetry(half["left_activation_uv"], half["right_activation_uv"])
index = first_half.symmetry_index_pct  # positive: right larger
print(f"{first_half.verdict}: {index.value:+.1f} %")
print(f"95 % CI {index.ci_low:+.1f} to {index.ci_high:+.1f} %")

# %% [markdown]
# ## Files for others

# %%
print(*session.export(), sep="\n")
