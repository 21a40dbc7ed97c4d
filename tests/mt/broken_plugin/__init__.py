# SPDX-License-Identifier: Apache-2.0
"""The plug-in, but the last process finds an infinite loss of one direction at update 10.

Every process prints the weights that it computes, before it takes over those of the first.
"""

import sys

from fairseq.distributed import utils as distributed

from xling.mt.fairseq.plugin import measure
from xling.mt.fairseq.steering import Steering

UPDATE, DIRECTION = 10, 1
_probe = measure.probe
_gradients = measure.gradients
_observe = Steering.observe
_now = {}


def gradients(trained, datasets, update, *args, **kwargs):
    _now["update"] = update
    return _gradients(trained, datasets, update, *args, **kwargs)


def probe(kind, loss, *args):
    last = distributed.get_global_rank() == distributed.get_global_world_size() - 1

    def broken(direction):
        value = loss(direction)
        bad = last and _now["update"] == UPDATE and direction == DIRECTION
        return value * float("inf") if bad else value

    return _probe(kind, broken, *args)


def observe(steering, measured):
    used = _observe(steering, measured)
    sys.stdout.write(f"update {measured.update} computed {steering.alpha.tolist()}\n")
    return used


Steering.observe = observe
measure.gradients, measure.probe = gradients, probe
