import { qed } from "./qed";
import { liveSuite } from "./suite";

liveSuite(qed);
