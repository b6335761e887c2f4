import Tensors

/// The two projections of an LLM2Vec-Gen model, as `projections.safetensors` keeps them.
///
///     p = R h + r                           of each compressed token's state h: what the decoder reads
///     v = mean over p of (A p + a)          the text's vector, before normalization
///
/// There is nothing between the two maps, so v = A (R h̄ + r) + a with h̄ the mean of the states: one
/// vector is projected, not each state. A model that was trained without a teacher has no A, and v is
/// the mean of p. Everything is computed in float32.
package struct Projections: Sendable {
    package static let fileName = "projections.safetensors"

    /// Names of the file's tensors.
    package enum Name {
        /// R, `[H, H]`
        package static let reconstructionWeight = "reconstruction.weight"
        /// r, `[H]`
        package static let reconstructionBias = "reconstruction.bias"
        /// A, `[T, H]`, with T the width of the teacher's vectors.
        package static let alignmentWeight = "alignment.weight"
        /// a, `[T]`
        package static let alignmentBias = "alignment.bias"
    }

    /// R and r.
    package let reconstruction: AffineMap
    /// A and a; nil if vectors are as wide as states.
    package let alignment: AffineMap?
    /// The stored tensors, for the fingerprint.
    let tensors: [TensorView]

    /// Reads a file.
    ///
    /// - Parameter hiddenSize: the model's H.
    /// - Throws: ``AutoRegEmbedError/model(_:)`` if it is no safetensors file,
    ///   ``AutoRegEmbedError/settings(path:key:problem:)`` for a tensor that is missing, superfluous,
    ///   not finite or of another shape.
    package init(path: String, hiddenSize: Int) throws(AutoRegEmbedError) {
        let file: SafetensorsFile
        do { file = try SafetensorsFile(path: path) } catch { throw .model(error) }
        func wrong(_ name: String, _ problem: String) -> AutoRegEmbedError {
            .settings(path: path, key: name, problem: problem)
        }
        var tensors: [TensorView] = []
        func map(
            _ weightName: String, _ biasName: String, outputs: Int?
        ) throws(AutoRegEmbedError) -> AffineMap {
            func values(_ name: String, _ shape: [Int?]) throws(AutoRegEmbedError) -> TensorView {
                guard let tensor = try? file.tensor(named: name), tensor.elementType.isWeight,
                    tensor.shape.count == shape.count, tensor.count > 0,
                    zip(tensor.shape, shape).allSatisfy({ $1 == nil || $0 == $1 })
                else {
                    let expected = shape.map { $0.map(String.init) ?? "any" }
                        .joined(separator: ", ")
                    throw wrong(name, "must be weights of shape [\(expected)]")
                }
                guard tensor.floats().allSatisfy(\.isFinite) else {
                    throw wrong(name, "is not finite")
                }
                return tensor
            }
            let weight = try values(weightName, [outputs, hiddenSize])
            let bias = try values(biasName, [weight.shape[0]])
            tensors += [weight, bias]
            return AffineMap(weight: weight.floats(), bias: bias.floats())
        }
        reconstruction = try map(
            Name.reconstructionWeight, Name.reconstructionBias, outputs: hiddenSize)
        let isAligned = file.contains(Name.alignmentWeight) || file.contains(Name.alignmentBias)
        alignment =
            isAligned ? try map(Name.alignmentWeight, Name.alignmentBias, outputs: nil) : nil
        let known = Set(tensors.map(\.name))
        if let other = file.names.first(where: { !known.contains($0) }) {
            throw wrong(other, "is not a tensor of this file")
        }
        self.tensors = tensors
    }

    /// Writes the stored tensors, unchanged, as a file.
    func write(to path: String) throws {
        try SafetensorsWriter.write(
            to: path,
            tensors: tensors.map {
                .init(name: $0.name, shape: $0.shape, elementType: $0.elementType)
            }
        ) { declaration, write in
            guard let tensor = tensors.first(where: { $0.name == declaration.name }) else { return }
            try write(tensor.bytes)
        }
    }

    /// The number of elements in a vector.
    package var dimensions: Int { alignment?.outputs ?? reconstruction.outputs }

    /// p of each state: `[rows, H]` -> `[rows, H]`
    func prompts(ofStates states: [Float]) -> [Float] {
        let width = reconstruction.inputs
        return stride(from: 0, to: states.count, by: width).flatMap {
            reconstruction.applied(to: states[$0..<$0 + width])
        }
    }

    /// v, of the mean h̄ of a text's states.
    func vector(ofMean mean: [Float]) -> [Float] {
        let prompt = reconstruction.applied(to: mean)
        return alignment?.applied(to: prompt) ?? prompt
    }
}
