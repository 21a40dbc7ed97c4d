# SPDX-License-Identifier: Apache-2.0
"""Encode sentences with mUSE, in an environment that has TensorFlow.

Reads a JSON list of sentences from the standard input and writes their vectors, float32, as .npy.

Usage: python muse_encode.py MODEL-FOLDER OUTPUT
"""

import json
import sys

BATCH = 64


def main() -> None:
    """Do as the module says."""
    import numpy as np
    import tensorflow_hub  # type: ignore[import-not-found]
    import tensorflow_text  # type: ignore[import-not-found]  # noqa: F401 - the model's own words

    folder, output = sys.argv[1:]
    sentences = json.load(sys.stdin)
    model = tensorflow_hub.load(folder)
    starts = range(0, len(sentences), BATCH)
    vectors = [np.asarray(model(sentences[start : start + BATCH])) for start in starts]
    with open(output, "wb") as stream:  # noqa: PTH123 - the name may be anything
        np.save(stream, np.concatenate(vectors).astype(np.float32))


if __name__ == "__main__":
    main()
