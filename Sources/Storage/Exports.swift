// Part of a collection's record: metric, element and index options.
@_exported import Ranking
