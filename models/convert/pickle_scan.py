"""Check a pickle without running it: only the instructions that torch.save needs for tensors, within limits."""

from __future__ import annotations

import pickletools

from refused import RefusedFile

MAX_BYTES = 16 * 1024 * 1024
MAX_MEMO_INDEX = 1_000_000

OPCODES = frozenset(
    "PROTO MARK STOP POP NONE NEWTRUE NEWFALSE BININT BININT1 BININT2 LONG1 BINFLOAT BINUNICODE SHORT_BINUNICODE"
    " EMPTY_DICT EMPTY_LIST EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3 APPEND APPENDS SETITEM SETITEMS"
    " BINPUT LONG_BINPUT BINGET LONG_BINGET GLOBAL REDUCE BUILD BINPERSID".split()
)


def scan_pickle(content: bytes, allowed_names: frozenset[tuple[str, str]]) -> None:
    """Throws RefusedFile for an instruction outside OPCODES, a name outside `allowed_names`, a memo index that would make
    the unpickler allocate a large table, or a pickle above MAX_BYTES."""
    if len(content) > MAX_BYTES:
        raise RefusedFile(f"at most {MAX_BYTES} bytes of pickled structure", len(content))
    try:
        for opcode, argument, _ in pickletools.genops(content):
            if opcode.name not in OPCODES:
                raise RefusedFile("a pickle of tensors only", f"the instruction {opcode.name}")
            if opcode.name == "GLOBAL" and tuple(str(argument).split(" ", 1)) not in allowed_names:
                raise RefusedFile("a pickle of tensors only", f"the name {str(argument).replace(' ', '.')}")
            if opcode.name == "LONG_BINPUT" and argument > MAX_MEMO_INDEX:
                raise RefusedFile(f"memo indices up to {MAX_MEMO_INDEX}", argument)
    except ValueError as error:
        raise RefusedFile("a whole pickle", error) from error
