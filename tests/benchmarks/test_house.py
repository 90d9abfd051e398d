"""benchmarks/ as a house: which room may look into which, and how large.

The arrows are read from the imports, late ones too.
"""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
HOUSE = ROOT / "benchmarks"
# What each room may import besides itself. cli is the door to all of them.
ARROWS = {
    "rows": set(),
    "data": set(),
    "record": {"rows"},
    "measure": {"rows", "data", "record"},
    "run": {"rows", "record", "measure"},
    "analysis": {"rows", "record"},
    "report": {"rows", "record", "analysis"},
    "cli": {"rows", "record", "run", "analysis", "report"},
    "__main__": {"cli"},
}
# Only the process that trains may hold a library that is timed.
LIBRARIES = {"numpy_net", "keras_net", "classical", "keras", "tensorflow",
             "xgboost", "sklearn", "numba"}  # fmt: skip
# The aim is 6,000 lines; what is here may only become fewer.
LINES, LONG, LONG_FUNCTIONS = 7_100, 25, 10


def room_of(path):
    return path.relative_to(HOUSE).parts[0].removesuffix(".py")


def imports(path):
    """(module, name) of every import of a file; name None for a module."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.module, alias.name) for alias in node.names)


def rooms_seen(path):
    """The rooms that a file imports from."""
    for module, name in imports(path):
        first, *rest = module.split(".")
        if first == "benchmarks":
            seen = (rest or [name])[0]
            if seen in ARROWS:
                yield seen


FILES = sorted(p for p in HOUSE.rglob("*.py") if p.name != "__init__.py")
NAMES = [path.relative_to(HOUSE).as_posix() for path in FILES]


def test_every_file_looks_only_where_its_room_may():
    wrong = [
        f"{path.relative_to(ROOT)} imports {seen}/"
        for path in FILES
        for seen in set(rooms_seen(path)) - {room_of(path)}
        if seen not in ARROWS[room_of(path)]
    ]
    assert not wrong, "\n".join(wrong)


def test_only_the_process_that_trains_holds_what_is_timed():
    allowed = {"measure": LIBRARIES, "data": {"sklearn"}}
    for path in FILES:
        held = {name.split(".")[0] for name, _ in imports(path)} & LIBRARIES
        assert held <= allowed.get(room_of(path), set()), path


def test_the_arrows_make_no_circle():
    """Each room comes after all that it may import."""
    order = list(ARROWS)
    for room, seen in ARROWS.items():
        assert all(order.index(s) < order.index(room) for s in seen), room


def test_files_import_each_other_in_no_circle():
    seen = {name.removesuffix(".py").replace("/", "."): set() for name in
            NAMES}  # fmt: skip
    for path, name in zip(FILES, seen, strict=True):
        for module, imported in imports(path):
            inner = module.removeprefix("benchmarks.")
            seen[name] |= {inner, f"{inner}.{imported}"} & set(seen)
        seen[name].discard(name)
    while free := [name for name, others in seen.items() if not others]:
        for name in free:
            del seen[name]
        for others in seen.values():
            others -= set(free)
    assert not seen, f"these files import each other: {sorted(seen)}"


def functions(path):
    """(name, lines) of every function of a file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node.end_lineno - node.lineno + 1


def test_the_house_stays_small():
    """A reader meets the lesson first; what times it must not outgrow it."""
    files = sorted(HOUSE.rglob("*.py"))
    lines = sum(len(p.read_text("utf-8").splitlines()) for p in files)
    long = [
        f"{path.relative_to(ROOT)}:{name} {length}"
        for path in files
        for name, length in functions(path)
        if length > LONG
    ]
    top = [path.name for path in HOUSE.glob("*.py")]
    print(f"{lines} lines, {len(top)} files at the top, {len(long)} long")
    assert sorted(top) == ["__init__.py", "__main__.py", "cli.py"]
    assert lines <= LINES
    assert len(long) <= LONG_FUNCTIONS, long
