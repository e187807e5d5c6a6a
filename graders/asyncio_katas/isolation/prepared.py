"""Imported by the warm server that strangers' children are forked from: it looks at everything once, for all."""

import gc

from asyncio_katas.isolation import integrity, shield

integrity.prepare()
shield.readable()
# Garbage collections in those processes need not look at what they share, nor copy it for that.
gc.collect()
gc.freeze()
