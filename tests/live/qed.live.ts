import { asksFlask, qed } from "./qed";
import { liveSuite } from "./suite";

liveSuite(qed, (step) => step("answers Django while Flask's pods go", asksFlask));
