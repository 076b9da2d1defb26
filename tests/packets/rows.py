# SPDX-License-Identifier: BSD-3-Clause
"""The packet table: every row is a sentence, a frame and the one reason it must get. The rows lie in
one module per layer; their order is kept, because the rows of a limit build on each other."""

import rows_policy
import rows_limit
import rows_ip4
import rows_ip6
import rows_link
import rows_matrix
import rows_route
import rows_softwire
import rows_source
import rows_spared
import rows_tunnel
import rows_breaks
import rows_quick
import rows_reload
from table import ROWS

__all__ = ["ROWS", "rows_policy", "rows_limit", "rows_ip4", "rows_ip6", "rows_link", "rows_matrix",
           "rows_route", "rows_softwire", "rows_source", "rows_spared", "rows_tunnel", "rows_breaks", "rows_quick", "rows_reload"]
