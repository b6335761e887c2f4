import TextBytes

/// Identifies the run that a saved state or a finished model belongs to.
struct RunIdentity: Equatable {
    let options: TrainingOptions
    /// Fingerprints of the content of data and model.
    let data: String
    let model: String
    /// Nil for a run without a teacher.
    var teacher: String?

    /// The first input of the losses that differs from the saved run's; nil if none does.
    ///
    /// - Parameter saved: options by their names in any version.
    func difference(
        data: String?, model: String?, teacher: String?, options saved: [String: String]
    ) -> (input: TrainingError.RunInput, saved: String?, given: String?)? {
        if data != self.data { return (.data, "other", "changed") }
        if model != self.model { return (.model, "other", "changed") }
        if teacher != self.teacher { return (.teacher, "other", "changed") }
        let old = Dictionary(
            saved.map { (TrainingOption.currentName($0.key), $0.value) },
            uniquingKeysWith: { first, _ in first })
        let new = options.deciding
        for key in Set(old.keys).union(new.keys).sorted()
        where old[key].map(Identifier.init(_:)) != new[key].map(Identifier.init(_:)) {
            let input =
                TrainingOption(rawValue: key).map(TrainingError.RunInput.option)
                ?? .unknownOption(key)
            return (input, old[key], new[key])
        }
        return nil
    }
}
