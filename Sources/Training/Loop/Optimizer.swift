import Tensors

/// AdamW (Loshchilov and Hutter 2019) over a set of parameters, with two moments per weight.
///
/// A parameter without a gradient is not updated, as in PyTorch if its gradient is None.
final class Optimizer {
    let parameters: [Parameter]
    private let settings: AdamW
    private let backend: any Backend
    private(set) var moments: [(first: Buffer, second: Buffer)?]
    /// Steps taken.
    private(set) var steps = 0

    /// Rows with a learning rate of their own.
    private let ownRows: ParameterRows?

    /// - Parameter ownRows: rows of one of the parameters, which `step` may give another learning
    ///   rate.
    init(
        _ parameters: [Parameter], ownRows: ParameterRows? = nil, weightDecay: Double,
        backend: any Backend
    ) {
        self.parameters = parameters
        self.ownRows = ownRows
        self.backend = backend
        settings = AdamW(weightDecay: weightDecay)
        moments = parameters.map { _ in nil }
    }

    /// The L2 norm of all gradients together.
    func gradientNorm() -> Double {
        parameters.reduce(0.0) { sum, parameter in
            sum + (parameter.slot?.gradient.map(backend.sumOfSquares) ?? 0)
        }.squareRoot()
    }

    /// One step with the accumulated gradients, multiplied by `gradientFactor`. They are consumed.
    ///
    /// - Parameter ownRate: the learning rate of the rows that have their own; nil uses
    ///   `learningRate`.
    func step(learningRate: Double, ownRate: Double? = nil, gradientFactor: Double) {
        steps += 1
        let step = settings.step(
            steps, learningRate: learningRate, gradientFactor: gradientFactor)
        let ownStep = ownRate.map {
            settings.step(steps, learningRate: $0, gradientFactor: gradientFactor)
        }
        for (index, parameter) in parameters.enumerated() {
            guard let gradient = parameter.slot?.take() else { continue }
            let moment =
                moments[index]
                ?? (backend.zeros(count: parameter.count), backend.zeros(count: parameter.count))
            moments[index] = moment
            let weights = parameter.value.floats(backend)
            func update(_ range: Range<Int>, _ step: AdamWStep) {
                backend.adamW(
                    weights.elements(range), gradient: gradient.elements(range),
                    first: moment.0.elements(range), second: moment.1.elements(range), step)
            }
            if let ownRows, ownRows.parameter === parameter, let ownStep {
                for (range, isOwn) in ownRows.parts { update(range, isOwn ? ownStep : step) }
            } else {
                backend.adamW(
                    weights, gradient: gradient, first: moment.0, second: moment.1, step)
            }
            parameter.value.floatsChanged()
        }
    }

    /// Replaces the state by a saved one.
    func restore(steps: Int, moments: [(first: Buffer, second: Buffer)?]) {
        self.steps = steps
        self.moments = moments
    }
}

/// Some rows of a parameter.
struct ParameterRows {
    let parameter: Parameter
    let rows: [Int]

    /// The parameter's elements in order, cut at the boundaries of the rows.
    var parts: [(elements: Range<Int>, isOwn: Bool)] {
        let width = parameter.count / parameter.shape[0]
        var parts: [(elements: Range<Int>, isOwn: Bool)] = []
        var next = 0
        for row in Set(rows).sorted() {
            let own = row * width..<(row + 1) * width
            if own.lowerBound > next { parts.append((next..<own.lowerBound, false)) }
            parts.append((own, true))
            next = own.upperBound
        }
        if next < parameter.count { parts.append((next..<parameter.count, false)) }
        return parts
    }
}
