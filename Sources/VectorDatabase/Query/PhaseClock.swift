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
