/// Rows as a stage's loss wants them.
protocol ExampleSource {
    associatedtype Example
    var count: Int { get }
    func example(_ index: Int) throws(TrainingError) -> Example
    func line(_ index: Int) -> Int
}
