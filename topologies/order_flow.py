"""The topology as `sparse` finds it; the graph stands in order_flow.clj."""

import sys

from fintank.storm import sparse_run, sparse_submit, topology

OrderFlow = topology.OrderFlow
OrderFlow.config = sparse_run.prepare(sys.argv)
sparse_submit.prepare(sys.argv)
