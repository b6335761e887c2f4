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

    init(_ parameters: [Parameter], weightDecay: Double, backend: any Backend) {
        self.parameters = parameters
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
    func step(learningRate: Double, gradientFactor: Double) {
        steps += 1
        let step = settings.step(
            steps, learningRate: learningRate, gradientFactor: gradientFactor)
        for (index, parameter) in parameters.enumerated() {
            guard let gradient = parameter.slot?.take() else { continue }
            let moment =
                moments[index]
                ?? (backend.zeros(count: parameter.count), backend.zeros(count: parameter.count))
            moments[index] = moment
            backend.adamW(
                parameter.value.floats(backend), gradient: gradient, first: moment.0,
                second: moment.1, step)
            parameter.value.floatsChanged()
        }
    }

    /// Replaces the state by a saved one.
    func restore(steps: Int, moments: [(first: Buffer, second: Buffer)?]) {
        self.steps = steps
        self.moments = moments
    }
}
