"""networkx over the same snapshots: Dijkstra among stations, and Floyd–Warshall among satellites as Hypatia runs it.

Reads FILE.npz (edges, lengths, starts, satellites, ranges; edges and lengths for Floyd–Warshall, or none), prints JSON:
CPU seconds of each and the stations' distances. Building the graph counts: it is a new one each step.
"""

from __future__ import annotations

import json
import sys
from time import process_time

import networkx as nx
import numpy as np


def main(place: str) -> None:
    data = np.load(place)
    begun = process_time()
    graph = nx.DiGraph()
    for (a, b), w in zip(data["edges"].tolist(), data["lengths"].tolist(), strict=True):
        graph.add_edge(a, b, weight=w)
        graph.add_edge(b, a, weight=w)
    starts, satellites, ranges = (data[name].tolist() for name in ("starts", "satellites", "ranges"))
    count = len(starts) - 1
    for k in range(count):
        for n in range(starts[k], starts[k + 1]):
            graph.add_edge(("up", k), satellites[n], weight=ranges[n])
            graph.add_edge(satellites[n], ("down", k), weight=ranges[n])
    out = np.full((count, count), np.inf)
    for k in range(count):
        if ("up", k) in graph:
            far = nx.single_source_dijkstra_path_length(graph, ("up", k))
            for j in range(count):
                out[k, j] = 0.0 if j == k else far.get(("down", j), np.inf)
    dijkstra_s = process_time() - begun
    matrix, floyd_s = floyd_warshall(data)
    np.savez(place + ".out.npz", among=out, floyd=matrix)
    print(json.dumps({"dijkstra_s": dijkstra_s, "floyd_s": floyd_s}))


def floyd_warshall(data) -> tuple[np.ndarray, float]:
    """All distances among satellites, and CPU seconds; nothing where no edges are given."""
    if not len(data["floyd_edges"]):
        return np.empty((0, 0)), 0.0
    floyd = nx.Graph()
    floyd.add_weighted_edges_from(
        (a, b, w) for (a, b), w in zip(data["floyd_edges"].tolist(), data["floyd_lengths"].tolist(), strict=True)
    )
    begun = process_time()
    matrix = nx.floyd_warshall_numpy(floyd, nodelist=range(len(floyd)))
    return np.asarray(matrix), process_time() - begun


if __name__ == "__main__":
    main(sys.argv[1])
