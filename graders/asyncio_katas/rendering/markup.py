"""HTML and SVG as a tree: what is text stays text, since nothing but the tree's own writer makes markup of it.

The standard library's tree serves: it escapes by construction, where templates have to be told to, and costs whoever
installs the course nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree.ElementTree import Element, tostring

from asyncio_katas.protocol import clean

# A text this long is nobody's to read; what comes from an answer has its own, lower limits.
_MAX_TEXT = 50_000


def tag(name: str, attributes: dict[str, str] | None = None, *children: Element | str | None) -> Element:
    """Return an element with these attributes and children; a child that is None is left out.

    Characters that steer what stands around them, such as those that turn the direction of writing, become visible.
    """
    element = Element(name, {key: safe(value) for key, value in (attributes or {}).items()})
    add(element, children)
    return element


def add(element: Element, children: Iterable[Element | str | None]) -> None:
    """Append children, texts among them, to an element."""
    for child in children:
        if isinstance(child, Element):
            element.append(child)
        elif child and len(element):
            element[-1].tail = (element[-1].tail or "") + safe(child)
        elif child:
            element.text = (element.text or "") + safe(child)


def page(root: Element) -> str:
    """Return a document as text."""
    return f"<!doctype html>\n{tostring(root, encoding='unicode', method='html')}\n"


def safe(text: str) -> str:
    """Return a text without characters that steer, and of a length that a browser can lay out."""
    if len(text) > _MAX_TEXT:
        text = f"{text[:_MAX_TEXT]}…"
    return clean(text)
