/// What a saved state or a finished model belongs to.
struct RunIdentity: Equatable {
    let options: TrainingOptions
    /// Fingerprints of their content.
    let data: String
    let model: String

    /// The first thing that losses depend on and that is not what it was.
    ///
    /// - Parameter saved: option names of any version, and values.
    func difference(
        data: String?, model: String?, options saved: [String: String]
    ) -> (input: TrainingError.RunInput, saved: String?, given: String?)? {
        if data != self.data { return (.data, "other", "changed") }
        if model != self.model { return (.model, "other", "changed") }
        let old = Dictionary(
            saved.map { (TrainingOption.currentName($0.key), $0.value) },
            uniquingKeysWith: { first, _ in first })
        let new = options.deciding
        for key in Set(old.keys).union(new.keys).sorted() where old[key] != new[key] {
            let input =
                TrainingOption(rawValue: key).map(TrainingError.RunInput.option)
                ?? .unknownOption(key)
            return (input, old[key], new[key])
        }
        return nil
    }
}
