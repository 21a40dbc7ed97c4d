# SPDX-License-Identifier: Apache-2.0
"""What is measured at a trained translation model: curvature, gradients, interference.

Topics from CATS' abstract and introduction (cats.md, section 8); the paper's own figures could not
be read, so what is measured, and how, is a reconstruction.
"""
