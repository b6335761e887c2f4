/// How much of a cache is written.
enum CacheExtent: Sendable {
    /// Only what lags further behind than the policy allows.
    case asNeeded
    /// Everything that lags behind at all.
    case all
    /// Everything, from the database alone; existing files are ignored.
    case rebuild
}
