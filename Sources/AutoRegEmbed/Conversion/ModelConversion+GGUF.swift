import FileFormat
import Foundation
import Tensors
import Tokenization
import Transformer

extension ModelConversion {
    /// Writes a GGUF file, as llama.cpp's converter would: architecture `llama` for Llama and Mistral,
    /// with the rows of query and key in its order, `qwen2` or `qwen3`.
    ///
    /// - Returns: how many matrices have another type than was asked for, because their rows are not
    ///   whole blocks of it.
    /// - Throws: ``AutoRegEmbedError``, ``ModelConversionError``, or a file's error.
    @discardableResult
    public func writeGGUF(to file: URL, type: WeightType) throws -> Int {
        let configuration = weights.configuration
        guard parts.sentences?.dimensions == nil else {
            throw ModelConversionError.notExpressible(
                path: parts.path, what: "the Dense layer of a sentence-transformers folder")
        }
        guard parts.projections == nil else {
            throw ModelConversionError.notExpressible(
                path: parts.path, what: "the projections of an LLM2Vec-Gen folder")
        }
        var writer = GGUFWriter()
        let metadata = parts.metadata
        for key in metadata?.keys ?? []
        where key.hasPrefix("general.") && !Self.ownKeys.contains(key) {
            if let metadata { writer.copy(key, from: metadata) }
        }
        if metadata?["general.name"] == nil { writer.set("general.name", parts.name) }
        writer.set("general.file_type", Self.fileType(type))
        if type.isQuantized { writer.set("general.quantization_version", 2) }
        do { try configuration.write(to: &writer, path: parts.path) } catch {
            throw AutoRegEmbedError.model(error)
        }
        switch parts.sentences?.pooling
            ?? (parts.settings.namesPooling ? parts.settings.pooling : nil)
        {
        case .mean?: writer.set("\(configuration.ggufArchitecture).pooling_type", 1)
        case .last?: writer.set("\(configuration.ggufArchitecture).pooling_type", 3)
        default: break
        }
        do { try tokenizer.write(to: &writer, rows: configuration.vocabularySize) } catch {
            throw AutoRegEmbedError.tokenizer(error)
        }

        var others = 0
        var sources: [String: ParameterDeclaration] = [:]
        var tensors = configuration.parameters.map { parameter in
            let name = configuration.ggufName(of: parameter.name)
            sources[name] = parameter
            let stored = Self.stored(parameter, type)
            if parameter.shape.count > 1, stored != type.elementType { others += 1 }
            return GGUFWriter.Declaration(
                name: name, shape: parameter.shape, elementType: Self.ggufType(stored))
        }
        let divisors = configuration.frequencyDivisors
        if let divisors {
            tensors.append(
                .init(name: "rope_freqs.weight", shape: [divisors.count], elementType: .f32))
        }
        try writer.write(to: file.path, tensors: tensors) { declaration, write in
            guard let parameter = sources[declaration.name] else {
                return try (divisors ?? []).withUnsafeBytes { try write($0) }
            }
            try encode(
                parameter.name, parameter.shape, as: Self.stored(parameter, type),
                order: configuration.ggufRowOrder(of: parameter), write)
        }
        return others
    }

    /// Keys that are written anew.
    private static let ownKeys = [
        "general.architecture", "general.file_type", "general.quantization_version",
        "general.alignment",
    ]

    /// Vectors are float32. With four bits a weight, the embedding and output matrices have eight: they
    /// matter most.
    private static func stored(_ parameter: ParameterDeclaration, _ type: WeightType) -> ElementType
    {
        guard parameter.shape.count > 1, let width = parameter.shape.last else { return .float32 }
        let isOuter =
            [ModelConfiguration.embeddingName, ModelConfiguration.outputName].contains(
                parameter.name)
        let wanted: ElementType =
            isOuter && [.q4_0, .q4_k].contains(type) ? .q8_0 : type.elementType
        if width % wanted.elementsPerBlock == 0 { return wanted }
        return width % ElementType.q8_0.elementsPerBlock == 0 ? .q8_0 : .float16
    }

    private static func ggufType(_ type: ElementType) -> GGUFElementType {
        switch type {
        case .bfloat16: .bf16
        case .float16: .f16
        case .q8_0: .q8_0
        case .q4_0: .q4_0
        case .q4_k: .q4_K
        default: .f32
        }
    }

    /// llama.cpp's number of what most weights are.
    private static func fileType(_ type: WeightType) -> Int {
        switch type {
        case .f32: 0
        case .f16: 1
        case .q4_0: 2
        case .q8_0: 7
        case .q4_k: 14
        case .bf16: 32
        }
    }
}
