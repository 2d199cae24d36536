"""What micropython-stdlib-stubs 1.29 lack: a StringIO that is a stream and gives its text.

Ref: https://docs.micropython.org/en/latest/library/io.html#io.StringIO
"""

from _mpy_shed import IOBase_mp
from micropython_stubs.stdlib.io import *

class StringIO(IOBase_mp):
    def getvalue(self) -> str: ...
