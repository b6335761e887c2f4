import AutoRegEmbed
import FileFormat
import Foundation
import Tensors
import Transformer

/// A Hugging Face model folder as training reads it.
package struct ModelFolder {
    let path: String
    package let configuration: ModelConfiguration
    /// Nil if the folder has no weights, as before pre-training.
    private let checkpoint: Checkpoint?

    package init(path: String) throws(TrainingError) {
        self.path = path
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue
        {
            throw .notAFolder(path: path)
        }
        do { configuration = try ModelConfiguration(folder: URL(filePath: path)) } catch {
            throw .badModel(path: path, .unreadable(error))
        }
        do throws(ModelError) {
            let checkpoint = try Checkpoint(folder: URL(filePath: path))
            try checkpoint.checkIsKnown(to: configuration)
            self.checkpoint = checkpoint
        } catch .noWeights {
            checkpoint = nil
        } catch {
            throw .badModel(path: path, .unreadable(error))
        }
    }

    var hasWeights: Bool { checkpoint != nil }

    /// The stored values of a parameter, of the declared shape.
    func view(_ declaration: ParameterDeclaration) throws(TrainingError) -> TensorView {
        guard let checkpoint else {
            throw .badModel(path: path, .noWeights)
        }
        do throws(ModelError) {
            return try checkpoint.weight(named: declaration.name, shape: declaration.shape)
        } catch {
            throw .badModel(path: path, .unreadable(error))
        }
    }

    /// The same for a decoder, whose vocabulary ends before the compressed tokens' rows.
    func decoderView(
        _ declaration: ParameterDeclaration, vocabulary: Int
    ) throws(TrainingError) -> TensorView {
        let tables = [ModelConfiguration.embeddingName, ModelConfiguration.outputName]
        guard tables.contains(declaration.name) else { return try view(declaration) }
        let stored = ParameterDeclaration(
            name: declaration.name,
            shape: [configuration.vocabularySize, configuration.hiddenSize])
        return try view(stored).prefix(rows: vocabulary)
    }

    /// The element type of the stored weights.
    var elementType: ElementType {
        checkpoint?.tensor(named: ModelConfiguration.embeddingName)?.elementType
            ?? configuration.elementType ?? .float32
    }

    /// A fingerprint of the weights, recorded by models that depend on them. "none" without
    /// weights.
    func fingerprint() -> String {
        guard let checkpoint else { return "none" }
        return Fingerprint.weights(of: checkpoint, releasesPages: true).hexadecimal
    }
}
