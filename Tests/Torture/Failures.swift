/// What went wrong in a long run: a few failures are gathered, so that one run shows them all.
struct Failures {
    private var descriptions: [String] = []
    private static let most = 20

    mutating func append(_ description: String) throws {
        descriptions.append(description)
        if descriptions.count == Self.most { try end() }
    }

    func end() throws {
        guard descriptions.isEmpty else {
            throw KillLoop.Failure(description: descriptions.joined(separator: "\n"))
        }
    }
}
