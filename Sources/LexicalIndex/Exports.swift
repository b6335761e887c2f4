// What a search answers with is part of this module's interface.
@_exported import Ranking
