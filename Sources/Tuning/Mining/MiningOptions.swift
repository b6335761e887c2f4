/// How hard negatives are chosen from a ranking (section 4.1 of the paper).
public struct MiningOptions: Sendable, Codable, Equatable {
    /// The first and the last rank drawn from, from 1, counted after the positives are dropped.
    public var fromRank = 30
    public var toRank = 210
    public var negatives = 7
    public var seed: UInt64 = 0
    /// Rank by comparing with every vector instead of by the index.
    public var isExact = false
    /// Drop a candidate whose score exceeds this share of the positive's, of several the best one's:
    /// a likely false negative. Nil keeps them all, as the paper does.
    public var maximumScoreRatio: Double?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case negatives, seed
        case fromRank = "from_rank"
        case toRank = "to_rank"
        case isExact = "is_exact"
        case maximumScoreRatio = "maximum_score_ratio"
    }

    public init(from decoder: any Decoder) throws {
        let saved = try SavedOptions(decoder)
        fromRank = try saved.value(CodingKeys.fromRank)
        toRank = try saved.value(CodingKeys.toRank)
        negatives = try saved.value(CodingKeys.negatives)
        seed = try saved.value(CodingKeys.seed)
        isExact = try saved.value(CodingKeys.isExact)
        maximumScoreRatio = try saved.optional(CodingKeys.maximumScoreRatio)
    }

    /// - Throws: `TuneError.badOption`
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

    /// The first option by which the other options draw other negatives; nil: none.
    func difference(from other: MiningOptions) -> TuneOption? {
        if fromRank != other.fromRank { return .fromRank }
        if toRank != other.toRank { return .toRank }
        if negatives != other.negatives { return .negatives }
        if seed != other.seed { return .seed }
        if isExact != other.isExact { return .isExact }
        return maximumScoreRatio == other.maximumScoreRatio ? nil : .maximumScoreRatio
    }
}
