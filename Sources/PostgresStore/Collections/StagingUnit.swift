import Storage

/// A unit of a re-encoding's job: passages of one place by their keys, or the exchange of the vectors.
enum StagingUnit: Equatable {
    case passages(place: Int, keys: ClosedRange<Int64>)
    case exchange

    /// The most passages of a unit. What one worker has, no other can do.
    static let mostPassages = 1024

    private static let exchangeName = "exchange"
    private static let prefix = "place"

    /// `place 3, passages 1 to 1024`: people see it in the statistics of a job.
    var name: String {
        switch self {
        case .passages(let place, let keys):
            "\(Self.prefix) \(place), passages \(keys.lowerBound) to \(keys.upperBound)"
        case .exchange: Self.exchangeName
        }
    }

    init?(name: String) {
        if name == Self.exchangeName {
            self = .exchange
            return
        }
        let numbers = name.split { !$0.isASCII || !$0.isNumber }.compactMap { Int64($0) }
        guard numbers.count == 3, let place = Int(exactly: numbers[0]), numbers[1] <= numbers[2]
        else { return nil }
        self = .passages(place: place, keys: numbers[1]...numbers[2])
        guard self.name == name else { return nil }
    }
}
