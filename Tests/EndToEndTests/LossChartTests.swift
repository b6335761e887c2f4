import Foundation
import FoundationXML
import Testing
import Training

@testable import vdb

/// The loss curves that `vdb tune` draws.
struct LossChartTests {
    @Test func theChartIsWellFormed() throws {
        let curves = [TrainingStage.compress, .align, .contrast].map { stage in
            LossCurve(
                stage: stage,
                points: (1...2000).map { .init(step: $0, loss: 3 + 1 / Double($0)) })
        }
        let svg = LossChart(curves: curves).svg
        let document = try XMLDocument(xmlString: svg)
        #expect(try document.nodes(forXPath: "//*[local-name()='polyline']").count == 6)
        let texts = try document.nodes(forXPath: "//*[local-name()='text']").map(\.stringValue)
        for label in ["step", "loss", "compress: 4 to 3", "align: 4 to 3", "contrast: 4 to 3"] {
            #expect(texts.contains(label), "\(label) of \(texts)")
        }
        #expect(svg.utf8.count < 60_000)
        // One point, or none, is no reason to fail.
        let poor = [
            LossCurve(stage: .align, points: []),
            LossCurve(stage: .align, points: [.init(step: 1, loss: 2)]),
        ]
        let empty = LossChart(curves: poor).svg
        _ = try XMLDocument(xmlString: empty)
        #expect(!empty.contains("nan") && !empty.contains("inf"))
    }

    @Test func ticksAreRoundNumbers() {
        #expect(Ticks.nice(0, 10, count: 5) == [0, 5, 10])
        #expect(Ticks.nice(1.2, 3.9, count: 5) == [1, 2, 3, 4])
        #expect(
            Ticks.nice(0.011, 0.049, count: 5).map { Ticks.label($0, step: 0.01) } == [
                "0.01", "0.02", "0.03", "0.04", "0.05",
            ])
    }
}
