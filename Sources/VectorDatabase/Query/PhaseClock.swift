/// Times the steps of a query.
struct PhaseClock {
    private let began = ContinuousClock.now
    private(set) var phases: [Explanation.Phase] = []

    var elapsed: Duration { ContinuousClock.now - began }

    mutating func note(_ name: String, _ duration: Duration) {
        phases.append(
            Explanation.Phase(name: name, milliseconds: duration / .milliseconds(1)))
    }

    mutating func measure<Result>(_ name: String, _ body: () throws -> Result) rethrows -> Result {
        let start = ContinuousClock.now
        let result = try body()
        note(name, ContinuousClock.now - start)
        return result
    }
}

/// The work that a vector search has done.
struct SearchCost: Sendable {
    var distanceComputations = 0
    var graphRows = 0
    var tailRows = 0
    var deletedRows = 0

    var explanation: Explanation {
        var explanation = Explanation()
        explanation.distanceComputations = distanceComputations
        explanation.graphRows = graphRows
        explanation.tailRows = tailRows
        explanation.deletedRows = deletedRows
        return explanation
    }
}
