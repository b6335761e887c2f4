import NIOCore
import Synchronization

/// The connections, so that what a client asked for is canceled when it goes away.
final class ConnectedClients: Sendable {
    /// One connection; with HTTP/2, one request.
    private final class Client: Sendable {
        private struct State {
            var isGone = false
            var cancel: (@Sendable () -> Void)?
        }

        private let state = Mutex(State())

        var isGone: Bool { state.withLock { $0.isGone } }

        /// - Parameter cancel: called once if the client goes, at once if it has gone.
        func begin(_ cancel: @escaping @Sendable () -> Void) {
            let isGone = state.withLock { state in
                state.cancel = cancel
                return state.isGone
            }
            if isGone { cancel() }
        }

        func end() { state.withLock { $0.cancel = nil } }

        func leave() {
            let cancel = state.withLock { state in
                state.isGone = true
                defer { state.cancel = nil }
                return state.cancel
            }
            cancel?()
        }
    }

    private let clients = Mutex<[ObjectIdentifier: Client]>([:])

    /// Runs `body`, and cancels it if the channel's client goes away.
    ///
    /// - Throws: `clientGone`, and what `body` throws.
    func whileConnected<Result: Sendable>(
        _ channel: any Channel, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        guard let client = clients.withLock({ $0[ObjectIdentifier(channel)] }) else {
            return try await body()
        }
        let task = Task(operation: body)
        client.begin { task.cancel() }
        defer { client.end() }
        return try await withTaskCancellationHandler {
            do { return try await task.value } catch is CancellationError where client.isGone {
                throw RequestFailure.clientGone
            }
        } onCancel: {
            task.cancel()
        }
    }

    fileprivate func add(_ channel: any Channel) {
        clients.withLock { $0[ObjectIdentifier(channel)] = Client() }
    }

    fileprivate func leave(_ channel: any Channel) {
        clients.withLock { $0[ObjectIdentifier(channel)] }?.leave()
    }

    fileprivate func remove(_ channel: any Channel) {
        clients.withLock { $0[ObjectIdentifier(channel)] = nil }
    }
}

/// Notices that a client goes away. One that closes only its sending side has gone, too: it cannot be
/// told from one that closes both until something is sent to it.
final class HangupHandler: ChannelInboundHandler, RemovableChannelHandler {
    /// Never unwrapped.
    typealias InboundIn = NIOAny
    typealias InboundOut = NIOAny

    private let clients: ConnectedClients

    init(_ clients: ConnectedClients) { self.clients = clients }

    func handlerAdded(context: ChannelHandlerContext) { clients.add(context.channel) }

    func channelInactive(context: ChannelHandlerContext) {
        clients.leave(context.channel)
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed? = event as? ChannelEvent { clients.leave(context.channel) }
        context.fireUserInboundEventTriggered(event)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        clients.leave(context.channel)
        clients.remove(context.channel)
    }
}
