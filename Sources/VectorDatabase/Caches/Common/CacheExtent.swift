/// How much of a cache is written.
enum CacheExtent: Sendable {
    /// What the policy asks for.
    case asNeeded
    /// Everything up to date.
    case all
    /// Everything, without using the files that are there.
    case rebuild
}
