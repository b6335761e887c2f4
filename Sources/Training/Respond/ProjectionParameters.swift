import AutoRegEmbed
import RandomNumbers
import Tensors

/// The projections of LLM2Vec-Gen as a run trains them, see ``Projections``. They are float32, and
/// computed so, whatever the precision of the run.
struct ProjectionParameters {
    /// y = W x + b
    struct Map {
        /// `[outputs, inputs]`
        let weight: Parameter
        /// `[outputs]`
        let bias: Parameter

        /// x `[rows, inputs]` -> `[rows, outputs]`
        func applied(_ tape: Tape, to x: Tensor) -> Tensor {
            tape.linear(x, weight.tensor, bias: bias.tensor, precision: .float32)
        }

        var parameters: [Parameter] { [weight, bias] }
    }

    /// R, r: `[H]` -> `[H]`
    let reconstruction: Map
    /// A, a: `[H]` -> `[T]`; nil if vectors are as wide as states.
    let alignment: Map?

    /// In the order of the file.
    var parameters: [Parameter] { reconstruction.parameters + (alignment?.parameters ?? []) }

    /// The number of elements in a vector.
    var vectorWidth: Int { (alignment ?? reconstruction).bias.count }

    /// The saved ones, else new ones as torch.nn.Linear begins: uniform in ±1/√H.
    ///
    /// - Parameters:
    ///   - file: of the LLM2Vec-Gen model to continue with; nil for another model.
    ///   - teacher: as wide as its vectors is a new alignment. Without one there is none, and a saved
    ///     one is kept as it is.
    /// - Throws: `TrainingError.badTeacher` if its vectors have another width than a saved alignment
    ///   makes, `TrainingError.embedder` for a file that cannot be used.
    init(
        file: String?, hiddenSize: Int, teacher: Teacher?, seed: UInt64, backend: any Backend
    ) throws(TrainingError) {
        let saved: Projections?
        do {
            saved = try file.map { file throws(AutoRegEmbedError) in
                try Projections(path: file, hiddenSize: hiddenSize)
            }
        } catch { throw .embedder(error) }
        if let teacher, let width = saved?.alignment?.outputs, width != teacher.width {
            throw .badTeacher(
                path: teacher.path, .width(found: teacher.width, expected: width))
        }
        func parameter(
            _ name: String, _ shape: [Int], _ saved: [Float]?, place: UInt64, isTrained: Bool
        ) -> Parameter {
            var generator = SeededGenerator(seed: seed, purpose: 10, place)
            let values =
                saved
                ?? generator.uniform(
                    shape.reduce(1, *), bound: 1 / Float(hiddenSize).squareRoot())
            return Parameter(
                name: name, shape: shape, value: Value(backend.buffer(values)),
                isTrained: isTrained)
        }
        typealias Name = Projections.Name
        reconstruction = Map(
            weight: parameter(
                Name.reconstructionWeight, [hiddenSize, hiddenSize],
                saved?.reconstruction.weight, place: 0, isTrained: true),
            bias: parameter(
                Name.reconstructionBias, [hiddenSize], saved?.reconstruction.bias, place: 1,
                isTrained: true))
        guard let width = saved?.alignment?.outputs ?? teacher?.width else {
            alignment = nil
            return
        }
        alignment = Map(
            weight: parameter(
                Name.alignmentWeight, [width, hiddenSize], saved?.alignment?.weight, place: 2,
                isTrained: teacher != nil),
            bias: parameter(
                Name.alignmentBias, [width], saved?.alignment?.bias, place: 3,
                isTrained: teacher != nil))
    }

    /// Writes the file.
    func write(to path: String) throws {
        let parameters = parameters
        try SafetensorsWriter.write(
            to: path,
            tensors: parameters.map {
                .init(name: $0.name, shape: $0.shape, elementType: .float32)
            }
        ) { declaration, write in
            guard let parameter = parameters.first(where: { $0.name == declaration.name })
            else { return }
            try parameter.value.stored.array.withUnsafeBytes { try write($0) }
        }
    }
}
