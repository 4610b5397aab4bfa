import { mountPage } from '../shared/shell';
import { ComparePage } from './page';

mountPage('compare', <ComparePage />);
