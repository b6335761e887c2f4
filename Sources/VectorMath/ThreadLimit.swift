/// The most threads that one call uses, besides what it was made with: 1 for callers that run several
/// calls side by side.
package enum ThreadLimit {
    @TaskLocal package static var current = Int.max
}
