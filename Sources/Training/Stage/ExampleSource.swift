/// Rows in the form that a stage's loss needs.
protocol ExampleSource {
    associatedtype Example
    var count: Int { get }
    func example(_ index: Int) throws(TrainingError) -> Example
    func line(_ index: Int) -> Int
    /// Counts the texts that are cut to the maximum length; nil if none is.
    var cuts: CutTexts? { get }
}

extension ExampleSource {
    var cuts: CutTexts? { nil }

    /// The examples of a batch, and how many of its rows have a text that is cut.
    func examples(_ rows: [Int]) throws(TrainingError) -> (examples: [Example], cut: Int) {
        var examples: [Example] = []
        var cut = 0
        for row in rows {
            let before = cuts?.count
            examples.append(try example(row))
            if cuts?.count != before { cut += 1 }
        }
        return (examples, cut)
    }
}
