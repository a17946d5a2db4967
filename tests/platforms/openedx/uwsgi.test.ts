import { expect } from "chai";
import { uwsgiFile } from "../../../platforms/openedx/settings/uwsgi";

describe("uwsgi.ini", () => {
    const args = {
        variant: "cms",
        port: 8000,
        statusPort: 8001,
        processes: 4,
        servesMedia: false,
        graceSeconds: 90,
    } as const;

    it("answers open requests before it stops, for as long as the pod may take", () => {
        const lines = uwsgiFile(args).split("\n");
        expect(lines).to.include.members([
            "http-socket = $(LISTEN_ADDRESS):8000",
            "hook-master-start = unix_signal:15 gracefully_kill_them_all",
            "worker-reload-mercy = 90",
            "wsgi-file = cms/wsgi.py",
            "processes = 4",
        ]);
        // Either would end requests at once.
        expect(lines.filter((line) => /^(http|die-on-term) =/.test(line))).to.deep.equal([]);
    });

    it("has limits only where they are asked for", () => {
        expect(uwsgiFile(args)).not.to.match(/harakiri|max-requests|media/);
        const limited = uwsgiFile({ ...args, servesMedia: true, requestSeconds: 300, maxRequests: 1000 });
        expect(limited).to.contain("\nharakiri = 300\nmax-requests = 1000\n");
        expect(limited).to.contain("\nstatic-map = /media=/openedx/media/\n");
    });
});
