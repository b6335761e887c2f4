import Training

/// The training of a stage that may take a number of seconds.
///
/// If the first steps show that all would take longer, they are stopped and the stage begins again
/// with as many as fit. Its schedule is then that of the fewer steps, so that the learning rate still
/// falls to its end.
struct TimedTraining {
    let options: TrainingOptions
    /// Opens the teacher of the stage respond.
    let openTeacher: Trainer.ModelOpener
    /// The file that the steps are logged to.
    let log: String
    /// Nil sets no limit; only then is an interrupted stage resumed where it stopped.
    let seconds: Double?

    /// The fewest steps that a stage is shortened to.
    private static let fewestSteps = 5
    /// Steps after which a stage's time is estimated. The first is not timed: it also allocates.
    private static let timedSteps = 3

    /// - Returns: the number of steps; nil if the time is too short for any.
    /// - Throws: `TrainingError`, `interrupted` only if `isCancelled` says so.
    func run(
        isCancelled: () -> Bool, progress: (TrainingProgress) -> Void
    ) throws -> Int? {
        let all = options.maximumSteps ?? 0
        guard let seconds else {
            _ = try Trainer.run(
                options, openTeacher: openTeacher, log: log, overwriting: true, resuming: true,
                isCancelled: isCancelled, progress: progress)
            return all
        }
        if seconds <= 0 { return nil }
        let end = ContinuousClock.now + .seconds(seconds)
        guard
            let fitting = try attempt(
                steps: all, until: end, isTimed: true, isCancelled: isCancelled, progress: progress)
        else { return nil }
        if fitting == all { return all }
        guard fitting >= Self.fewestSteps else { return nil }
        return try attempt(
            steps: fitting, until: end, isTimed: false, isCancelled: isCancelled,
            progress: progress)
    }

    /// Trains all of `steps`.
    ///
    /// - Parameter isTimed: whether to stop after the first steps if all would take too long.
    /// - Returns: `steps`, or how many would fit if it stopped because of that; nil if the time is up.
    private func attempt(
        steps: Int, until end: ContinuousClock.Instant, isTimed: Bool, isCancelled: () -> Bool,
        progress: (TrainingProgress) -> Void
    ) throws -> Int? {
        var options = options
        options.maximumSteps = steps
        var first: ContinuousClock.Instant?
        var taken = 0
        var fitting: Int?
        do {
            _ = try Trainer.run(
                options, openTeacher: openTeacher, log: log, overwriting: true,
                isCancelled: { fitting != nil || ContinuousClock.now > end || isCancelled() },
                progress: { event in
                    progress(event)
                    guard isTimed, case .step = event else { return }
                    guard let start = first else { return first = .now }
                    taken += 1
                    guard taken == Self.timedSteps else { return }
                    let now = ContinuousClock.now
                    let each = (now - start) / .seconds(1) / Double(taken)
                    let left = (end - now) / .seconds(1)
                    let possible = Int(max(0, min(1e9, left / max(each, 1e-9))))
                    if possible < steps - taken - 1 { fitting = possible }
                })
            return steps
        } catch TrainingError.interrupted(let step, let checkpoint) {
            if isCancelled() {
                throw TrainingError.interrupted(step: step, checkpoint: checkpoint)
            }
            return fitting
        }
    }
}
