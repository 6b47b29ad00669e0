"""The topology as `sparse` loads it; its graph is in order_flow.clj."""

import sys

from fintank.storm import clojure_topology, sparse_run, sparse_submit

OrderFlow = clojure_topology.OrderFlow
OrderFlow.config = sparse_run.prepare(sys.argv)
sparse_submit.prepare(sys.argv)
