/// How hard negatives are chosen from a ranking (section 4.1 of the paper, whose values are the
/// defaults).
public struct MiningOptions: Sendable, Codable, Equatable {
    /// The first rank that negatives are drawn from: 1 or more, counted after the positives are
    /// removed.
    public var fromRank = 30
    /// The last rank that negatives are drawn from, inclusive; at least `fromRank`.
    public var toRank = 210
    /// Negatives drawn for each query, 1 or more. Fewer are used if there are not enough
    /// candidates.
    public var negatives = 7
    /// Seed of the draw. Each query's draw depends on the seed and its id alone.
    public var seed: UInt64 = 0
    /// Whether to rank by exact search instead of by the index.
    public var isExact = false
    /// Drop candidates whose score exceeds this share of the best positive's, as likely false
    /// negatives. More than 0; nil drops none, as in the paper.
    public var maximumScoreRatio: Double?

    /// The passages of MS MARCO, from whose ranking the paper draws.
    private static let papersPassages = 8_841_823.0

    /// These options with ranks for a collection of another size: in proportion to the fourth root of
    /// the number of passages, so that of 1,400 they are 3 to 24, and of 100,000 10 to 68. Without a
    /// `maximumScoreRatio` candidates that score above 0.95 of the best positive are dropped: the
    /// nearer to the top, the more of them are relevant and were not judged.
    public func scaled(to passages: Int) -> MiningOptions {
        let factor = min(
            1, (Double(max(1, passages)) / Self.papersPassages).squareRoot().squareRoot())
        var scaled = self
        scaled.fromRank = max(1, Int((Double(fromRank) * factor).rounded()))
        scaled.toRank = max(
            scaled.fromRank + negatives - 1, Int((Double(toRank) * factor).rounded()))
        scaled.maximumScoreRatio = maximumScoreRatio ?? 0.95
        return scaled
    }

    /// The paper's settings: 7 negatives from ranks 30 to 210.
    public init() {}

    enum CodingKeys: String, CodingKey {
        case negatives, seed
        case fromRank = "from_rank"
        case toRank = "to_rank"
        case isExact = "is_exact"
        case maximumScoreRatio = "maximum_score_ratio"
    }

    /// Decodes snake_case keys, or the camelCase keys that version 0.1 wrote.
    public init(from decoder: any Decoder) throws {
        let saved = try SavedOptions(decoder)
        fromRank = try saved.value(CodingKeys.fromRank)
        toRank = try saved.value(CodingKeys.toRank)
        negatives = try saved.value(CodingKeys.negatives)
        seed = try saved.value(CodingKeys.seed)
        isExact = try saved.value(CodingKeys.isExact)
        maximumScoreRatio = try saved.optional(CodingKeys.maximumScoreRatio)
    }

    /// - Throws: `TuneError.badOption` for the first invalid option.
    func validate() throws(TuneError) {
        func check(_ number: Int, _ option: TuneOption, least: Int = 1) throws(TuneError) {
            if number < least { throw .badOption(option, .outside(.atLeast(least))) }
        }
        try check(fromRank, .fromRank)
        try check(toRank, .toRank, least: fromRank)
        try check(negatives, .negatives)
        guard (maximumScoreRatio ?? 1) > 0 else {
            throw .badOption(.maximumScoreRatio, .outside(.positive))
        }
    }

    /// The first option that differs and affects which negatives are drawn; nil if none does.
    func difference(from other: MiningOptions) -> TuneOption? {
        if fromRank != other.fromRank { return .fromRank }
        if toRank != other.toRank { return .toRank }
        if negatives != other.negatives { return .negatives }
        if seed != other.seed { return .seed }
        if isExact != other.isExact { return .isExact }
        return maximumScoreRatio == other.maximumScoreRatio ? nil : .maximumScoreRatio
    }
}
