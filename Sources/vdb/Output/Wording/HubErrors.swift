import ModelHub

extension HubError: WordedError {
    var status: ExitStatus {
        switch self {
        case .badEndpoint, .severalModels, .refusedFile: .usage
        case .badAnswer, .hostilePath, .tooManyFiles, .nothingToLoad, .mismatch, .wrongSize,
            .badToken:
            .badData
        case .notFound, .noSuchFile: .missing
        case .diskFull: .cannotCreate
        case .offline, .noDigests, .insecureRedirect, .tooManyRedirects, .denied: .unavailable
        case .transfer, .limited, .status, .busy: isTemporary ? .temporary : .unavailable
        }
    }

    var remedy: String? {
        switch self {
        case .offline: "unset it to download"
        case .badEndpoint: "give one such as https://huggingface.co"
        case .badToken: "set HF_TOKEN to a token of your account"
        case .noDigests: "install OpenSSL's library: apt-get install libssl3"
        case .transfer(.noLibrary): "install it: apt-get install libcurl4"
        case .transfer(let error) where error.isAboutCertificates:
            "if your network has a certificate authority of its own, name its file in SSL_CERT_FILE"
        case .transfer, .status, .limited:
            isTemporary ? "try again: the download continues where it stopped" : nil
        case .busy: "wait for it"
        case .insecureRedirect: "set HF_ENDPOINT to a server that stays with https"
        case .denied(_, _, _, let source, let page):
            source == nil
                ? "ask for access at \(page) if it is gated, and set HF_TOKEN to a token of your account"
                : "ask for access at \(page), with the account that the token belongs to"
        case .notFound(let what, _, _):
            switch what {
            case .repository: "check the name; of a private one, set HF_TOKEN"
            case .revision: "name a branch, a tag or a commit after the @"
            case .file: "check the name"
            }
        case .nothingToLoad: "look for the same model in another repository"
        case .severalModels(let repository, let files):
            "name one: hf:\(repository):\(files.first ?? "FILE.gguf")"
        case .noSuchFile, .refusedFile, .tooManyRedirects, .badAnswer, .hostilePath, .tooManyFiles:
            nil
        case .diskFull: "free some, or set VDB_MODELS to a folder on another disk"
        case .mismatch, .wrongSize: "nothing of it is kept; try again, or tell the hub"
        }
    }
}
