import Dispatch
import FileFormat
import Tensors
import Transformer

/// XXH3-128 of everything that affects a vector.
package enum Fingerprint {
    /// A hash of the tensors' names, types, shapes and bytes, independent of how they are split
    /// into files.
    ///
    /// - Parameter releasesPages: whether each tensor's mapped pages are released after hashing, to
    ///   save memory if they are not read again soon.
    package static func weights(of checkpoint: Checkpoint, releasesPages: Bool = false)
        -> ContentHash
    {
        hash(checkpoint.storedTensors, releasesPages: releasesPages)
    }

    /// Tensors are hashed in parallel; the result does not depend on the number of threads.
    package static func hash(_ tensors: [TensorView], releasesPages: Bool = false) -> ContentHash {
        let tensors = tensors.sorted { $0.name < $1.name }
        let parts = UnsafeMutableBufferPointer<ContentHash>.allocate(capacity: tensors.count)
        defer { parts.deallocate() }
        parts.initialize(repeating: ContentHash(high: 0, low: 0))
        let slots = Slots(parts)
        DispatchQueue.concurrentPerform(iterations: tensors.count) { index in
            slots.buffer[index] = ContentHash(of: tensors[index].bytes)
            if releasesPages { tensors[index].releasePages() }
        }
        let hasher = ContentHasher()
        for (tensor, part) in zip(tensors, parts) {
            hasher.update(tensor.name)
            hasher.update(tensor.elementType.rawValue)
            hasher.update("\(tensor.shape)")
            part.bytes.withUnsafeBytes { hasher.update($0) }
        }
        return hasher.finalize()
    }

    /// The weights', remembered for large checkpoints.
    package static func cached(weightsOf checkpoint: Checkpoint) -> String {
        let make = { weights(of: checkpoint) }
        guard checkpoint.byteCount >= FingerprintCache.smallest, let cache = FingerprintCache()
        else { return make().hexadecimal }
        return cache.fingerprint(of: checkpoint, make: make)
    }

    /// What a fingerprint takes of the steps after pooling.
    package static func parts(of steps: [SentenceStep]) -> [(name: String, value: String)] {
        steps.flatMap { step in
            switch step {
            case .normalize: [("module", "Normalize")]
            case .dense(let layer):
                [
                    ("module", "Dense \(layer.name)"),
                    ("weights", hash(layer.tensors).hexadecimal),
                ]
            }
        }
    }

    private struct Slots: @unchecked Sendable {
        let buffer: UnsafeMutableBufferPointer<ContentHash>
        init(_ buffer: UnsafeMutableBufferPointer<ContentHash>) { self.buffer = buffer }
    }
}

extension AutoRegEmbedder {
    /// 32 hexadecimal digits. Each part is preceded by its name and length, so that different parts
    /// cannot have the same concatenation.
    func makeFingerprint() -> String {
        let hasher = ContentHasher()
        func add(_ name: String, _ value: String) {
            hasher.update(name)
            hasher.update(value)
        }
        add("weights", Fingerprint.cached(weightsOf: parts.checkpoint))
        if let adapter = parts.adapter {
            let tensors = adapter.file.names.compactMap { try? adapter.file.tensor(named: $0) }
            add("adapter", Fingerprint.hash(tensors).hexadecimal)
            for (name, change) in adapter.lowRank.sorted(by: { $0.key < $1.key }) {
                add(name, "\(change.scale)")
            }
            add("trained rows", "\(adapter.trainedRows.keys.sorted())")
        }
        add("configuration", canonicalConfiguration)
        tokenizer.fingerprint.withUnsafeBytes {
            add("tokenizer", ContentHash(of: $0).hexadecimal)
        }
        add("bos", tokenizer.bosID.map(String.init) ?? "none")
        add("template", settings.template.source)
        for task in EmbeddingTask.allCases {
            for key in ["next", "self"] {
                // A missing instruction differs from an empty one.
                add("\(task.rawValue).\(key)", settings.instructions[task]?[key] ?? "\u{0}none")
            }
        }
        add("compressed", "\(compressedIDs)")
        add("pooling", settings.pooling.rawValue)
        add("normalize", "\(settings.isNormalized)")
        add("length", "\(settings.maximumLength)")
        add("precision", arithmetic)
        if let sentences { self.add(modulesOf: sentences, with: add) }
        // Only for LLM2Vec-Gen folders, so that fingerprints of other models stay the same.
        if let projections {
            add("method", settings.method.rawValue)
            add("projections", Fingerprint.hash(projections.tensors).hexadecimal)
        }
        return hasher.finalize().hexadecimal
    }

    /// Only for sentence-transformers folders, so that fingerprints of other models stay the same.
    private func add(
        modulesOf sentences: SentenceTransformerFolder, with add: (String, String) -> Void
    ) {
        for (name, instruction) in [("query", Instruction.next), ("document", .self_)] {
            add("prompt of a \(name)", prompt(instruction, sentences.prompts))
        }
        for (name, value) in Fingerprint.parts(of: sentences.steps) { add(name, value) }
    }

    /// The settings of the forward pass that do not follow from the weights' shapes.
    private var canonicalConfiguration: String {
        let c = encoder.configuration
        let windows = c.slidingWindows.map { $0.map(String.init) ?? "-" }.joined(separator: ",")
        return "\(c.architecture.rawValue) \(c.headCount) \(c.keyValueHeadCount) "
            + "\(c.headDimension) \(c.normEpsilon) \(c.rope.theta) \(c.rope.scaling) \(windows)"
    }
}
