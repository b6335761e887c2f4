#if SERVER
    import Foundation
    import HTTPServer

    /// The keys of a server: of the environment, and of a file.
    struct ServerKeys: Sendable {
        let file: String?

        func read() throws -> [APIKey] {
            do {
                var keys: [APIKey] = []
                for (name, role) in [
                    ("VDB_API_KEY", APIKey.Role.write), ("VDB_READ_API_KEY", .read),
                ] {
                    guard let key = Environment.value(of: name) else { continue }
                    keys.append(try APIKey(name: name, role: role, key: key))
                }
                guard let file else { return keys }
                guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
                    throw CommandFailure(.missing, "\(file): cannot be read; check --api-keys")
                }
                let found = try APIKey.keys(inFile: text)
                // A server without keys would be open to anyone.
                if found.isEmpty {
                    throw CommandFailure(.badData, "\(file): has no keys; 'vdb key' makes one")
                }
                return keys + found
            } catch APIKeyError.invalidLine(let line, let reason) {
                throw CommandFailure(.badData, "\(file ?? ""):\(line): \(reason)")
            } catch APIKeyError.noDigest {
                throw CommandFailure(
                    .unavailable,
                    "keys need OpenSSL's libcrypto; install it (Debian: apt-get install libssl3)")
            }
        }
    }
#endif
