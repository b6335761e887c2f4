/// Rows in the form that a stage's loss needs.
protocol ExampleSource {
    associatedtype Example
    var count: Int { get }
    func example(_ index: Int) throws(TrainingError) -> Example
    func line(_ index: Int) -> Int
}
