import HTTPTypes
import JSON
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// Answers a request whose head cannot be read: with 431 if it is too long, else with 400.
///
/// The parser stops at such a head, so that no route is ever asked.
final class HeadFailure: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// The problem for a failure, counted.
    private let problem: @Sendable (RequestFailure) -> Problem
    private let limit: Int
    /// Requests whose answers are not written yet.
    private var unanswered = 0

    /// How long what the client still sends is read, so that it reads the answer instead of a broken pipe.
    private static let patience = TimeAmount.seconds(2)

    /// - Parameter limit: the most bytes of a head, for the sentence.
    init(limit: Int, problem: @escaping @Sendable (RequestFailure) -> Problem) {
        self.limit = limit
        self.problem = problem
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head = unwrapInboundIn(data) { unanswered += 1 }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) { unanswered -= 1 }
        context.write(data, promise: promise)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Inside of a body, the route's answer comes first.
        guard let failure = error as? HTTPParserError, unanswered == 0 else {
            return context.fireErrorCaught(error)
        }
        answer(
            problem(failure == .headerOverflow ? .headTooLong(limit: limit) : .malformedRequest),
            context)
    }

    private func answer(_ problem: Problem, _ context: ChannelHandlerContext) {
        let id = API.newRequestID()
        let body = ByteBuffer(bytes: problem.json(instance: id).bytes)
        let head = HTTPResponse(
            status: problem.status,
            headerFields: [
                .contentType: Problem.mediaType, .contentLength: "\(body.readableBytes)",
                .connection: "close", .xRequestID: id, .xContentTypeOptions: "nosniff",
            ])
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(body)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        let channel = context.channel
        channel.close(mode: .output, promise: nil)
        context.eventLoop.scheduleTask(in: Self.patience) { channel.close(promise: nil) }
    }
}
