# SPDX-License-Identifier: Apache-2.0
"""fairseq plug-in (``--user-dir``): the task ``cats_translation`` and its criterion.

fairseq imports the folder as a package of its own name, ``plugin``.  What it registers must exist
once, so the modules are always imported under their full name.
"""

from xling.mt.fairseq.plugin import criterion, task

__all__ = ["criterion", "task"]
