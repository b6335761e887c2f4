import Tensors

/// A decoder-only language model as operations on a tape, to train it or to backpropagate through
/// it.
///
/// Parameters have the checkpoint's names. Whether each is trained is decided when it is created:
/// gradients flow through a frozen model without being accumulated in it.
package struct DifferentiableDecoder {
    package let configuration: ModelConfiguration
    package let embedding: Parameter
    package let finalNorm: Parameter
    /// The language-model head; the embedding if the two are tied.
    package let output: Parameter
    package var layers: [DifferentiableLayer]
    /// The checkpoint's parameters, in its order, without adapters.
    package let parameters: [Parameter]
    /// Rows trained in the place of the frozen embedding's, with their ids: the compressed tokens
    /// beside a LoRA adapter.
    package var trainedRows: (ids: [Int32], rows: Parameter)?
    /// Compute each layer again in the backward pass instead of keeping its values.
    package var isCheckpointed = false

    /// - Parameter parameter: returns each declared parameter.
    package init(
        configuration: ModelConfiguration,
        parameter: (ParameterDeclaration) throws -> Parameter
    ) rethrows {
        self.configuration = configuration
        parameters = try configuration.parameters.map { try parameter($0) }
        let byName = Dictionary(
            zip(configuration.parameters.map(\.name), parameters), uniquingKeysWith: { $1 })
        func named(_ name: String) -> Parameter {
            guard let parameter = byName[name] else {
                preconditionFailure("\(name) is declared by the configuration")
            }
            return parameter
        }
        embedding = named(ModelConfiguration.embeddingName)
        finalNorm = named(ModelConfiguration.finalNormName)
        output = configuration.isTied ? embedding : named(ModelConfiguration.outputName)
        layers = (0..<configuration.layerCount).map { layer in
            let prefix = ModelConfiguration.layerPrefix(layer)
            let projections = Projection.allCases.map { projection in
                (
                    projection,
                    DifferentiableLinear(
                        weight: named(ModelConfiguration.weightName(projection, layer: layer)),
                        bias: byName[ModelConfiguration.biasName(projection, layer: layer)])
                )
            }
            return DifferentiableLayer(
                inputNorm: named(prefix + "input_layernorm.weight"),
                postAttentionNorm: named(prefix + "post_attention_layernorm.weight"),
                queryNorm: byName[prefix + "self_attn.q_norm.weight"],
                keyNorm: byName[prefix + "self_attn.k_norm.weight"],
                projections: Dictionary(uniqueKeysWithValues: projections),
                shape: AttentionShape(
                    heads: configuration.headCount,
                    keyValueHeads: configuration.keyValueHeadCount,
                    headDimension: configuration.headDimension,
                    window: configuration.slidingWindows[layer]),
                epsilon: configuration.normEpsilon)
        }
    }

    /// Lets the products of the layers' frozen projections be computed in eight bits.
    package func quantizeFrozenProjections(_ backend: any Backend) {
        for layer in layers {
            for projection in Projection.allCases {
                if let weight = layer.projections[projection]?.weight { backend.quantize(weight) }
            }
        }
    }

    /// ids `[T]` -> `[T, H]`
    package func embed(_ tape: Tape, _ ids: [Int32]) -> Tensor {
        guard let trainedRows else { return tape.embedding(ids, embedding.tensor) }
        return tape.embedding(
            ids, embedding.tensor.detached, replacing: trainedRows.ids,
            with: trainedRows.rows.tensor)
    }

    /// The states after the final norm of the given rows of a packed batch.
    ///
    ///     inputs [T, H], rows [R] -> [R, H]
    package func states(
        _ tape: Tape, inputs: Tensor, layout: SequenceLayout, rows: [Int32],
        dropoutSeed: UInt64? = nil
    ) -> Tensor {
        let rotary = rotaryTable(length: layout.longest)
        var x = inputs
        for (index, layer) in layers.enumerated() {
            let context = DifferentiableLayer.Context(
                layout: layout, rotary: rotary,
                dropoutSeed: dropoutSeed.map { $0 &* 4096 &+ UInt64(index) })
            let chosen = index == layers.count - 1 ? rows : nil
            if isCheckpointed {
                x = tape.checkpoint(x) { tape, x in layer.forward(tape, x, context, rows: chosen) }
            } else {
                x = tape.block(x) { layer.forward(tape, $0, context, rows: chosen) }
            }
        }
        return tape.rmsNorm(x, weight: finalNorm.tensor, epsilon: configuration.normEpsilon)
    }

    /// The rotations of sequences up to `length`.
    func rotaryTable(length: Int) -> RotaryTable {
        RotaryTable(
            inverseFrequencies: configuration.rope.frequencies(
                headDimension: configuration.headDimension, length: length),
            factor: configuration.rope.attentionFactor, positions: max(1, length))
    }

    /// log p of each target given its row's state.        states `[R, H]`, targets `[R]` -> `[R]`
    package func logProbability(_ tape: Tape, _ states: Tensor, targets: [Int32]) -> Tensor {
        tape.logProbability(states, weight: output.tensor, targets: targets)
    }

    /// The same model without adapters and trained rows, as before training.
    package var base: DifferentiableDecoder {
        var copy = self
        copy.trainedRows = nil
        for layer in copy.layers.indices {
            for projection in Projection.allCases {
                copy.layers[layer].projections[projection]?.adapter = nil
            }
        }
        return copy
    }
}
