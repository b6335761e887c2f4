import Storage

extension StoreError {
    /// Translates an error of PostgreSQL, so that no caller needs to know it.
    ///
    /// - Parameter waited: how long the transaction was tried again; `nil` if the store could not be
    ///   opened.
    init(_ error: any Error, at location: PostgresLocation, waited: Duration?) {
        let path = location.description
        if let error = error as? StoreError {
            self = error
            return
        }
        guard let error = error as? PostgresError else {
            self = .io(path: path, detail: String(describing: error))
            return
        }
        switch error {
        case .libraryMissing:
            self = .unavailable(
                path: path, reason: "libpq of version 14 or later is not installed")
        case .cannotConnect(let reason), .connectionLost(let reason):
            let reason = location.redacted(reason)
            self =
                waited.map {
                    .connectionLost(path: path, reason: reason, seconds: Self.seconds($0))
                } ?? .unavailable(path: path, reason: reason)
        case .closed: self = .closed(path: path)
        case .cancelled: self = .cancelled
        case .unexpectedAnswer(let detail): self = .io(path: path, detail: detail)
        case .refused(let refusal):
            switch refusal.state {
            case PostgresError.State.notPermitted:
                self = .notPermitted(path: path, reason: refusal.message)
            case "25006": self = .readOnly(path: path)
            case "53100": self = .diskFull(path: path)
            case "XX001", "XX002": self = .corrupt(path: path, detail: refusal.message)
            case "40001", "40P01", PostgresError.State.uniqueViolation:
                self = .locked(path: path, seconds: Self.seconds(waited ?? .zero))
            case "57P01", "57P02", "57P03":
                self = .connectionLost(
                    path: path, reason: refusal.message, seconds: Self.seconds(waited ?? .zero))
            case _ where error.isOfOtherServer:
                // The message names the server.
                let detail = refusal.detail.map { ": \($0)" } ?? ""
                self = .unavailable(path: path, reason: location.redacted(refusal.message + detail))
            default:
                self = .io(path: path, detail: "\(refusal.message) (\(refusal.state))")
            }
        }
    }

    /// To tenths, for a message.
    private static func seconds(_ duration: Duration) -> Double {
        (duration / .milliseconds(100)).rounded() / 10
    }
}
