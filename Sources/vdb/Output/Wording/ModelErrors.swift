import AutoRegEmbed
import ModelHub
import Tokenization

extension AutoRegEmbedError: WordedError {
    var status: ExitStatus { .badData }

    var fact: String {
        switch self {
        case .model(let error as any WordedError), .tokenizer(let error as any WordedError):
            error.fact
        default: description
        }
    }

    var remedy: String? {
        switch self {
        case .model(let error as any WordedError), .tokenizer(let error as any WordedError):
            error.remedy
        case .missingToken:
            "train it with 'vdb train compress', or set \"pooling\" to \"last\" or \"mean\" in its "
                + "autoregembed.json"
        case .noBase(_, let name?) where HuggingFaceReference(name) != nil:
            "'vdb model add hf:\(name)' fetches it, or pass its folder with --base"
        case .noBase: "pass the base model's folder with --base"
        case .baseWithoutAdapter: "leave --base out"
        case .noTokenizer(_, let others) where !others.isEmpty:
            "save it with a fast tokenizer of transformers, which writes tokenizer.json"
        case .decoderMismatch: "use the decoder that the model was trained with"
        case .model where isEncoder:
            "it can embed, ingest and query; train, decode and score need a language model"
        case .model where unreadWeights.contains(where: { $0.hasSuffix(".bin") }):
            "a .bin file is a pickle, a program that runs when it is opened; transformers' "
                + "save_pretrained writes safetensors"
        default: fileError?.remedy
        }
    }
}

extension TokenizerError: WordedError {
    var status: ExitStatus {
        if case .unreadable = self { return .missing }
        return .badData
    }
}

extension ModelConversionError: WordedError {
    var status: ExitStatus {
        switch self {
        case .isAdapter, .noAdapter: .usage
        case .notRepresentable, .notExpressible: .badData
        }
    }

    var remedy: String? {
        switch self {
        case .isAdapter: "pass --merge to write it with its base"
        case .noAdapter: "leave --merge out"
        case .notRepresentable: "choose another --type, such as f32"
        case .notExpressible: nil
        }
    }
}
