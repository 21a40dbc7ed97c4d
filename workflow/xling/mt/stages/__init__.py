# SPDX-License-Identifier: Apache-2.0
"""The stages of the paper on CATS, one module and one public function for each verb."""
