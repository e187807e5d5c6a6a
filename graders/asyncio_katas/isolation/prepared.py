"""Imported by the warm server that strangers' children are forked from: it looks at everything once, for all."""

from asyncio_katas.isolation import integrity, shield

integrity.prepare()
shield.readable()
