// The results of a search are part of this module's interface.
@_exported import Ranking
