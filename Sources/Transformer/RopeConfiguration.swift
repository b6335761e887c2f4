import Foundation

/// The settings of the rotary position embedding, and the frequencies that follow from them.
///
/// Su et al., "RoFormer" (2021): the pair (x_i, x_{i + d/2}) of a head of width d is rotated by the
/// angle position * f_i. Without scaling, f_i = b^(-2i/d) with base b; the scalings below change f,
/// and some multiply sine and cosine by an attention factor. They follow transformers
/// (`modeling_rope_utils`), in the same float32 arithmetic.
package struct RopeConfiguration: Sendable, Equatable {
    /// The base b.
    package var theta: Double
    package var scaling: Scaling

    package init(theta: Double, scaling: Scaling) {
        (self.theta, self.scaling) = (theta, scaling)
    }

    package enum Scaling: Sendable, Equatable {
        case none
        /// f / factor.
        case linear(factor: Double)
        /// The base grows if a sequence is longer than the trained positions.
        case dynamic(factor: Double, maximumPositions: Int)
        /// Llama 3.1: frequencies of long wavelengths are divided by factor, those of short ones
        /// kept, and those between blended.
        case llama3(
            factor: Double, lowFrequencyFactor: Double, highFrequencyFactor: Double,
            originalPositions: Int)
        /// Peng et al., "YaRN" (2023).
        case yarn(
            factor: Double, attentionFactor: Double, betaFast: Double, betaSlow: Double,
            truncate: Bool, originalPositions: Int)
        /// Ding et al., "LongRoPE" (2024): a divisor for each frequency, one set for short and one
        /// for long sequences.
        case longrope(
            short: [Double], long: [Double], attentionFactor: Double, originalPositions: Int)
    }

    /// The length beyond which frequencies depend on a sequence's length; nil if they never do.
    package var lengthDependentBeyond: Int? {
        switch scaling {
        case .dynamic(_, let maximumPositions): maximumPositions
        case .longrope(_, _, _, let originalPositions): originalPositions
        default: nil
        }
    }

    /// The factor on sine and cosine.
    package var attentionFactor: Float {
        switch scaling {
        case .yarn(_, let factor, _, _, _, _), .longrope(_, _, let factor, _): Float(factor)
        default: 1
        }
    }

    /// The `headDimension / 2` frequencies f in radians per position, for a sequence of `length`
    /// tokens.
    package func frequencies(headDimension: Int, length: Int) -> [Float] {
        let half = headDimension / 2
        var base = Float(theta)
        if case .dynamic(let factor, let maximumPositions) = scaling {
            let ratio = factor * Double(max(length, maximumPositions)) / Double(maximumPositions)
            let exponent = Double(headDimension) / Double(headDimension - 2)
            base = Float(theta * pow(ratio - (factor - 1), exponent))
        }
        let powers = (0..<half).map { powf(base, Float(2 * $0) / Float(headDimension)) }
        switch scaling {
        case .none, .dynamic: return powers.map { 1 / $0 }
        case .linear(let factor): return powers.map { 1 / $0 / Float(factor) }
        case .llama3(let factor, let low, let high, let original):
            return powers.map { power in
                let frequency = 1 / power
                let wavelength = 2 * Float.pi / frequency
                if wavelength < Float(Double(original) / high) { return frequency }
                if wavelength > Float(Double(original) / low) { return frequency / Float(factor) }
                let blend = (Float(original) / wavelength - Float(low)) / Float(high - low)
                return (1 - blend) * frequency / Float(factor) + blend * frequency
            }
        case .yarn(let factor, _, let betaFast, let betaSlow, let truncate, let original):
            let (low, high) = Self.yarnRange(
                betaFast: betaFast, betaSlow: betaSlow, truncate: truncate, original: original,
                dimension: headDimension, theta: theta)
            return powers.enumerated().map { index, power in
                let ramp = min(max((Float(index) - Float(low)) / Float(high - low), 0), 1)
                let extrapolated = 1 - ramp
                return 1 / (Float(factor) * power) * (1 - extrapolated) + 1 / power * extrapolated
            }
        case .longrope(let short, let long, _, let original):
            let divisors = length > original ? long : short
            return zip(divisors, powers).map { 1 / (Float($0) * $1) }
        }
    }

    /// The dimensions between which YaRN blends from extrapolation to interpolation.
    private static func yarnRange(
        betaFast: Double, betaSlow: Double, truncate: Bool, original: Int, dimension: Int,
        theta: Double
    ) -> (Double, Double) {
        func dimensionTurning(_ rotations: Double) -> Double {
            Double(dimension) * log(Double(original) / (rotations * 2 * .pi)) / (2 * log(theta))
        }
        var low = dimensionTurning(betaFast)
        var high = dimensionTurning(betaSlow)
        if truncate { (low, high) = (low.rounded(.down), high.rounded(.up)) }
        low = max(low, 0)
        high = min(high, Double(dimension - 1))
        return (low, low == high ? high + 0.001 : high)
    }
}

extension RopeConfiguration {
    /// - Parameter layerTypes: the types of the model's layers.
    init(
        fields: ConfigurationFields, maximumPositions: Int, headDimension: Int,
        layerTypes: Set<String>
    ) throws(ModelConfigurationError) {
        let older = try fields.nested("rope_scaling")
        let newer = try fields.nested("rope_parameters")
        // If both exist, transformers uses the older, unless it is empty.
        let nested = older?.object.keys.isEmpty == false ? older : newer
        guard let nested, nested.object.values.contains(where: { $0.objectValue != nil }) else {
            try self.init(
                nested, in: fields, maximumPositions: maximumPositions,
                headDimension: headDimension)
            return
        }
        // There are settings for each type of layer, but the forward pass supports only one for all
        // layers.
        var found: RopeConfiguration?
        for type in layerTypes.sorted() {
            guard let own = try nested.nested(type) else {
                throw .missing(path: fields.path, key: nested.prefix + type)
            }
            let rope = try RopeConfiguration(
                own, in: fields, maximumPositions: maximumPositions, headDimension: headDimension)
            guard found == nil || found == rope else {
                throw .unsupported(
                    path: fields.path, key: String(nested.prefix.dropLast()),
                    found: "another rotary embedding for each type of layer")
            }
            found = rope
        }
        self = found ?? RopeConfiguration(theta: 10_000, scaling: .none)
    }

    /// - Parameters:
    ///   - nested: the settings; nil if there is only the base.
    ///   - fields: the fields of the whole file.
    private init(
        _ nested: ConfigurationFields?, in fields: ConfigurationFields, maximumPositions: Int,
        headDimension: Int
    ) throws(ModelConfigurationError) {
        let topTheta = try fields.number("rope_theta", in: 1e-3...1e18)
        for fields in [nested, fields] {
            guard let fields else { continue }
            if let partial = try fields.number("partial_rotary_factor", in: 0...1), partial != 1 {
                throw .unsupported(
                    path: fields.path, key: fields.prefix + "partial_rotary_factor",
                    found: String(partial))
            }
        }
        guard let nested else {
            self.init(theta: topTheta ?? 10_000, scaling: .none)
            return
        }
        try ConfigurationKeys.check(rope: nested)
        let theta = try nested.number("rope_theta", in: 1e-3...1e18) ?? topTheta ?? 10_000
        let positions = 1...(1 << 30)
        let outer = try fields.integer("original_max_position_embeddings", in: positions)
        let inner = try nested.integer("original_max_position_embeddings", in: positions)
        let original = outer ?? inner ?? maximumPositions
        let scaling = try Self.scaling(
            nested, maximumPositions: maximumPositions, originalPositions: original,
            headDimension: headDimension)
        self.init(theta: theta, scaling: scaling)
    }

    private static func scaling(
        _ fields: ConfigurationFields, maximumPositions: Int, originalPositions: Int,
        headDimension: Int
    ) throws(ModelConfigurationError) -> Scaling {
        let factors = 1e-3...1e6
        let ratio = Double(maximumPositions) / Double(originalPositions)
        let type = try fields.string("rope_type")
        let olderType = try fields.string("type")
        switch type ?? olderType ?? "default" {
        case "default": return .none
        case "linear": return .linear(factor: try fields.required("factor", in: factors))
        case "dynamic":
            guard headDimension > 2 else {
                throw .inconsistent(
                    path: fields.path, key: "head_dim", fact: "dynamic scaling needs more than 2")
            }
            return .dynamic(
                factor: try fields.required("factor", in: 1...1e6),
                maximumPositions: maximumPositions)
        case "llama3":
            let low: Double = try fields.required("low_freq_factor", in: factors)
            let high: Double = try fields.required("high_freq_factor", in: factors)
            guard low < high else {
                throw .inconsistent(
                    path: fields.path, key: fields.prefix + "high_freq_factor",
                    fact: "not greater than low_freq_factor")
            }
            return .llama3(
                factor: try fields.required("factor", in: factors), lowFrequencyFactor: low,
                highFrequencyFactor: high, originalPositions: originalPositions)
        case "yarn":
            let factor = try fields.number("factor", in: factors) ?? ratio
            func scale(_ multiplier: Double) -> Double {
                factor <= 1 ? 1 : 0.1 * multiplier * log(factor) + 1
            }
            let numerator = try fields.number("mscale", in: 0...1e6) ?? 0
            let denominator = try fields.number("mscale_all_dim", in: 0...1e6) ?? 0
            let inferred =
                numerator != 0 && denominator != 0
                ? scale(numerator) / scale(denominator) : scale(1)
            let betaFast = try fields.number("beta_fast", in: 0...1e6) ?? 32
            let betaSlow = try fields.number("beta_slow", in: 0...1e6) ?? 1
            return .yarn(
                factor: factor,
                attentionFactor: try fields.number("attention_factor", in: 0...1e6) ?? inferred,
                betaFast: betaFast == 0 ? 32 : betaFast, betaSlow: betaSlow == 0 ? 1 : betaSlow,
                truncate: try fields.boolean("truncate") ?? true,
                originalPositions: originalPositions)
        case "longrope":
            let factor = try fields.number("factor", in: factors) ?? ratio
            let inferred =
                factor <= 1 ? 1 : (1 + log(factor) / log(Double(originalPositions))).squareRoot()
            let half = headDimension / 2
            return .longrope(
                short: try fields.numbers("short_factor", count: half, in: factors),
                long: try fields.numbers("long_factor", count: half, in: factors),
                attentionFactor: try fields.number("attention_factor", in: 0...1e6) ?? inferred,
                originalPositions: originalPositions)
        case let type:
            throw .unsupported(path: fields.path, key: fields.prefix + "rope_type", found: type)
        }
    }
}
