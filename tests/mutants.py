"""Mutation testing of the references: `nox -s mutants [-- KATA...]`.

Every small change that matters must make a check fail. The usual changes come from cosmic-ray; those that matter in
asynchronous code (a cancel that is left out, an await that is forgotten, a finally that is gone) are made here. Mutants
that behave as the contract allows are listed, with the reason, in `solutions/NN_slug/mutants.toml`, and so are those
that no check can tell from the original on purpose.
"""

from __future__ import annotations

import ast
import copy
import difflib
import itertools
import os
import sys
import tomllib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

from asyncio_katas import catalog, staging
from asyncio_katas.records import Kata
from asyncio_katas.submission import grade_answer

ROOT = Path(__file__).parent.parent
# Changes of one operator into every other say no more than one change does, and annotations are full of `|`.
SPARED = ("ReplaceBinaryOperator_BitOr", "VariableReplacer", "VariableInserter")
BINARY = ("Add_Sub", "Sub_Add", "Mul_Add", "Div_Mul", "Pow_Mul", "Mod_Mul")
Edit = Callable[[ast.AST], None]


def mutants(code: str) -> Iterator[str]:
    """Yield every mutant of a program, once, as Python prints it."""
    tree = ast.parse(code)
    seen = {_bare(tree)}
    for mutant in [*_usual(code), *_asynchronous(tree)]:
        try:
            changed = ast.parse(mutant)
        except SyntaxError:
            continue
        if _bare(changed) not in seen:
            seen.add(_bare(changed))
            yield ast.unparse(changed)


def _bare(tree: ast.AST) -> str:
    """Return what a program does: without annotations, docstrings and the texts of exceptions."""
    tree = copy.deepcopy(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.returns = None
        if isinstance(node, ast.arg):
            node.annotation = None
        if isinstance(node, ast.AnnAssign):
            node.annotation = ast.Constant(None)
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and len(node.exc.args) <= 1:
            node.exc.args = []
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and _is_text(body[0]):
            body[0] = ast.Pass()
    return ast.dump(tree)


def _is_text(node: ast.AST) -> bool:
    """Tell whether a statement is a docstring, or the `...` of a body that has nothing else."""
    constant = node.value if isinstance(node, ast.Expr) else None
    return isinstance(constant, ast.Constant) and isinstance(constant.value, str | type(...))


def _usual(code: str) -> Iterator[str]:
    for name in operator_names():
        short = name.rpartition("/")[2]
        if short.startswith(SPARED) or ("BinaryOperator" in short and not short.endswith(BINARY)):
            continue
        operator = get_operator(name)()
        for number in itertools.count():
            try:
                mutant = mutate_code(code, operator, number)
            except AttributeError:
                # One operator cannot deal with `except module.Error`.
                continue
            if mutant is None:
                break
            yield mutant


def _asynchronous(tree: ast.Module) -> Iterator[str]:
    """Make one change at a time, in a copy of the tree."""
    for index, node in enumerate(ast.walk(tree)):
        for edit in _edits(node):
            changed = copy.deepcopy(tree)
            edit(list(ast.walk(changed))[index])
            yield ast.unparse(ast.fix_missing_locations(changed))


def _edits(node: ast.AST) -> Iterator[Edit]:
    yield from _edits_of_statements(node)
    if isinstance(node, ast.Try) and len(node.handlers) > 1:
        yield from (_without("handlers", place) for place in range(len(node.handlers)))
    if isinstance(node, ast.ExceptHandler):
        yield _set("body", [ast.Raise()])
    if isinstance(node, ast.Return) and node.value is not None:
        yield _set("value", None)
    if isinstance(node, ast.If | ast.While | ast.IfExp):
        yield from (_set("test", ast.Constant(value)) for value in (True, False))
    if isinstance(node, ast.Call):
        yield from (_without("args", place) for place in range(len(node.args)))
        yield from (_without("keywords", place) for place in range(len(node.keywords)))
    for name, value in ast.iter_fields(node):
        if isinstance(value, ast.Await):
            yield _set(name, value.value)


def _edits_of_statements(node: ast.AST) -> Iterator[Edit]:
    """Leave a statement out, or take what it wraps around others away."""
    for name in ("body", "orelse", "finalbody"):
        statements = getattr(node, name, None)
        if not isinstance(statements, list) or isinstance(node, ast.Module | ast.ClassDef):
            continue
        for place, statement in enumerate(statements):
            declares = isinstance(statement, ast.AnnAssign) and statement.value is None
            if not declares and not _is_text(statement) and not isinstance(statement, ast.Pass):
                yield _replace(name, place, [ast.Pass()])
            if isinstance(statement, ast.With | ast.AsyncWith):
                yield _replace(name, place, statement.body)
            if isinstance(statement, ast.Try):
                yield _replace(name, place, [*statement.body, *statement.orelse])
                if statement.finalbody:
                    yield _replace(name, place, [*statement.body, *statement.orelse, *statement.finalbody])


def _set(name: str, value: object) -> Edit:
    return lambda copied: setattr(copied, name, copy.deepcopy(value))


def _replace(name: str, place: int, by: list[ast.stmt]) -> Edit:
    return lambda copied: getattr(copied, name).__setitem__(slice(place, place + 1), copy.deepcopy(by))


def _without(name: str, place: int) -> Edit:
    return lambda copied: getattr(copied, name).__delitem__(place)


def difference(before: str, after: str) -> str:
    """Return the lines that differ, as in a diff."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return "\n".join(line for line in list(lines)[2:] if not line.startswith("@@"))


def survives(kata: Kata, mutant: str) -> bool:
    """Tell whether a mutant passes every check."""
    with staging.stage() as root:
        answer = root / "mutant.py"
        answer.write_text(mutant, encoding="utf-8")
        return grade_answer(kata, answer, until_failure=True).solved


def examine(kata: Kata) -> bool:
    """Try every mutant of a kata's reference, print what came of it, and tell whether every survivor is explained."""
    folder = ROOT / "solutions" / kata.name
    code = (folder / f"{kata.slug}.py").read_text(encoding="utf-8")
    before = ast.unparse(ast.parse(code))
    listed = folder / "mutants.toml"
    known = tomllib.loads(listed.read_text(encoding="utf-8")) if listed.exists() else {}
    equivalent = {entry["change"].strip() for entry in known.get("equivalent", [])}
    explained = equivalent | {entry["change"].strip() for entry in known.get("out_of_reach", [])}
    everything = list(mutants(code))
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        alive = list(pool.map(lambda mutant: survives(kata, mutant), everything))
    survivors = [difference(before, mutant).strip() for mutant, lives in zip(everything, alive, strict=True) if lives]
    relevant = len(everything) - len([change for change in survivors if change in equivalent])
    rejected = len(everything) - len(survivors)
    print(
        f"{kata.name}: {len(everything)} mutants, {len(everything) - relevant} of them equivalent; "
        f"of the other {relevant}, {rejected} rejected",
        flush=True,
    )
    unexplained = [change for change in survivors if change not in explained]
    stale = [change for change in explained if change not in survivors]
    for change in unexplained:
        print(f"  survives:\n{change}\n")
    for change in stale:
        print(f"  listed as a survivor, but is none:\n{change}\n")
    return not unexplained and not stale


if __name__ == "__main__":
    chosen = catalog.select(catalog.discover(ROOT), sys.argv[1:])
    sys.exit(0 if all([examine(kata) for kata in chosen]) else 1)  # noqa: C419 - all of them are to be shown
