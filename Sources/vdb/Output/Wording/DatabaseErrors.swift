import PostgresStorage
import VectorDatabase

extension DatabaseError: WordedError {
    var status: ExitStatus { ExitStatus(kind) }

    var fact: String {
        switch self {
        case .outOfRange(let parameter, let value, let allowed):
            "\(Self.option(of: parameter)) must be \(allowed), not \(value)"
        case .textNeeded(let purpose): "\(Self.option(of: purpose)) needs a text beside the vector"
        default: description
        }
    }

    var remedy: String? {
        switch self {
        case .databaseMissing: "check --db, or create one with 'vdb ingest'"
        case .collectionMissing: "'vdb collections' lists them, and 'vdb ingest' creates one"
        case .collectionExists: "choose another name, or drop that one with 'vdb collections drop'"
        case .documentsMissing: "'vdb list' shows the ids"
        case .notADatabase(_, .folder): "pass a file in it"
        case .notADatabase(_, .withoutLog):
            "copy it with 'vdb backup', which is consistent while others write"
        case .notADatabase(_, .otherTables): "pass another schema= in --db"
        case .notADatabase: "choose another file"
        case .newerFormat: "update vdb"
        case .olderFormat: "copy it to a writable folder"
        case .damaged: "run 'vdb check', or restore a backup"
        case .moved: "put it back, or run the same command again"
        case .diskFull: "free some space and run the same command again"
        case .cannotCreate: "check its folder"
        case .readOnly(let path):
            DatabaseLocation(path).path == nil
                ? "name a server that can be written to"
                : "check the permissions of the file and its folder"
        case .locked(let path, _, _) where DatabaseLocation(path).path == nil:
            "try again, or longer with --timeout"
        case .locked: "try again when it has finished, or wait longer with --wait"
        case .invalidURI: "pass --db postgres://USER@HOST/DATABASE"
        case .notPermitted: "an administrator runs what 'vdb schema --postgres' prints"
        case .connectionLost: "run the same command again; what is stored is left as it is"
        case .filesDiffer(_, _, .missing): "give this worker the same files"
        case .filesDiffer: "give this worker the same files, or choose another --job"
        case .jobDiffers: "start all workers with the same options, or choose another --job"
        default: identityRemedy
        }
    }

    private var identityRemedy: String? {
        switch self {
        case .embedderMismatch:
            "use the recorded model, or re-encode with 'vdb reindex --model DIR' (or built-in)"
        case .noRecordedEmbedder:
            "pass vectors, or re-encode with 'vdb reindex --model DIR' (or built-in)"
        case .metricMismatch: "leave out --metric, or use another --collection"
        case .embedderMissing(_, .some): "pass its folder with --model"
        case .embedderMissing(_, nil): "pass a model's folder with --model, or pass vectors"
        case .cannotRerank: "leave out --rerank, or name a language model with --rerank-model"
        case .cannotCompareTokens: "leave out --token-weight"
        case .documentExists: "use --on-conflict replace or skip, or another id"
        case .invalidDocument(_, _, .tooLarge): "split it"
        case .sourceEmptied:
            "check that it is mounted, or pass --max-delete 100% to delete them"
        case .tooManyDeletions(let documents, _):
            "'--dry-run' lists them, and --max-delete \(documents) deletes them"
        case .wordsOnly:
            "use --mode lexical, or encode it with 'vdb reindex --model DIR' (or built-in)"
        case .vectorsNeeded: "use another --collection, or let a model encode them"
        default: nil
        }
    }

    /// The option that sets a parameter of the library.
    private static func option(of parameter: String) -> String {
        switch parameter {
        case "limit": "-k"
        case "ef": "--ef"
        case "rerank": "--rerank"
        case "batch size": "--batch-size"
        case "dense weight": "--hybrid-weight"
        case "token weight": "--token-weight"
        case "m": "--m"
        case "efConstruction": "--ef-construction"
        default: parameter
        }
    }
}

extension ExitStatus {
    init(_ kind: DatabaseError.Kind) {
        self =
            switch kind {
            case .usage: .usage
            case .badData: .badData
            case .missing: .missing
            case .unavailable: .unavailable
            case .cannotCreate: .cannotCreate
            case .inputOutput: .inputOutput
            case .temporary: .temporary
            }
    }
}

extension FilterError: WordedError {
    var status: ExitStatus { .usage }
    var fact: String { "--where" + description.dropFirst("filter".count) }
}
